// One participant of a job, as pool/participant.ts has it, without an engine beside it. Says when it has found its end.
import { parentPort } from 'node:worker_threads';
import { JobBoard, NO_CHUNK } from '../../dist/src/pool/job-board.js';

parentPort.on('message', async ({ module, name, task, board: token, thread }) => {
  const Kernel = (await import(module))[name];
  const board = JobBoard.attach(token);
  const kernel = new Kernel(task, () => !board.cancelled);
  while (!board.finished) {
    const chunk = board.claim(thread);
    if (chunk !== NO_CHUNK) {
      if (kernel.chunk(board.claimedPhase, chunk)) board.complete(chunk);
      else board.giveBack(chunk);
    } else if (board.beginMove(thread)) board.endMove(kernel.next(board.claimedPhase));
    else board.pause(0.5);
  }
  parentPort.postMessage('done');
});
