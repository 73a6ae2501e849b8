// Every benchmark in turn. --tiny: each once, small, to see that none has rotted.
import { existsSync, readdirSync } from 'node:fs';

const tiny = process.argv.includes('--tiny');
const folders = ['index', 'handover', 'journey', 'edges', 'interner'];
const files = ['memory.mjs', 'soak.mjs'].filter((file) => existsSync(new URL(file, import.meta.url)));
for (const folder of folders) {
  const url = new URL(`${folder}/`, import.meta.url);
  if (!existsSync(url)) continue;
  for (const file of readdirSync(url)) if (file.endsWith('.mjs')) files.push(`${folder}/${file}`);
}
for (const file of files) {
  const bench = await import(new URL(file, import.meta.url).href);
  if (typeof bench.run !== 'function') continue;
  if (file === 'soak.mjs' && !tiny) continue;
  console.log(`\n${file}`);
  await bench.run({ tiny });
}
