import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

// A thread of its own, because a blocked event loop cannot notice that it is. Started by stall-watch.ts; not TypeScript, whose
// loader would cost the thread more memory than everything else.
//
// `beats`: how often the event loop has shown that it lives; 0 for ever; 1 once a debugger was attached.
const { beats, maxStillMs, tickMs } = workerData

let lastBeat = -1
// Counted in ticks of this thread and not by a clock: while the whole process stands still, as a suspended machine does, nothing passes.
let stillMs = 0
for (;;) {
  // Nobody ever wakes it: this is a sleep.
  Atomics.wait(beats, 1, 0, tickMs)
  const beat = Atomics.load(beats, 0)
  stillMs = beat === lastBeat ? stillMs + tickMs : 0
  lastBeat = beat
  if (stillMs < maxStillMs || Atomics.load(beats, 2) === 1) continue
  writeSync(2, `${JSON.stringify({ level: 'fatal', time: Date.now(), event: 'event_loop_stalled', still_ms: stillMs, msg: 'the event loop has stood still for too long; the process ends' })}\n`)
  process.kill(process.pid, 'SIGKILL')
}
