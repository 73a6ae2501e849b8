// Every benchmark in turn. --tiny: each once, small, to see that none has rotted.
import { readdirSync } from 'node:fs';

const tiny = process.argv.includes('--tiny');
const folders = ['index', 'handover', 'journey', 'zones', 'catalog', 'edges', 'jobs', 'graph', 'interner', 'rejected'];
const files = ['memory.mjs', 'soak.mjs'];
for (const folder of folders) {
  const url = new URL(`${folder}/`, import.meta.url);
  for (const file of readdirSync(url)) if (file.endsWith('.mjs')) files.push(`${folder}/${file}`);
}
for (const file of files) {
  const bench = await import(new URL(file, import.meta.url).href);
  if (typeof bench.run !== 'function') continue;
  if (file === 'soak.mjs' && !tiny) continue;
  console.log(`\n${file}`);
  await bench.run({ tiny });
}
