#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { AthanorError } from '../index.js';
import { printable } from './format.js';
import { addGraphCommand } from './graph/command.js';
import { codeOf, firstLine, Problem } from './problem.js';
import { addRunCommand } from './run-command.js';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('athanor')
  .description('Live nodes, radius queries and graphs from streams of events.')
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

const done = (exitCode: number): void => {
  process.exitCode = exitCode;
};
addRunCommand(program, done);
addGraphCommand(program, done);

// Whoever reads the summary may have read enough: `athanor run … | head`. A terminal that was closed takes nothing more.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (!['EPIPE', 'EIO'].includes(codeOf(error))) throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One line on the standard error, and the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return 2;
    // The second line is what may have been meant.
    process.stderr.write(`athanor: ${error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')}\n`);
    return 2;
  }
  if (!(error instanceof Problem || error instanceof AthanorError)) {
    // Not foreseen, so a fault of ours: the whole of it helps whoever reports it.
    process.stderr.write(`athanor: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
  process.stderr.write(`athanor: ${printable(firstLine(error))}\n`);
  if (error instanceof Problem) return error.exitCode;
  return error.code === 'ATHANOR_INVALID_OPTION' ? 2 : 1;
}
