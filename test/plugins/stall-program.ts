/** A process under watch, for the test: says `up`, lives a while, then blocks its event loop for good, if asked to. */
import { watchForStalls } from '../../plugins/stall-watch.ts'

const [mode = 'live'] = process.argv.slice(2)
const stop = watchForStalls({ maxStillMs: 2000, tickMs: 200 })
process.stdout.write('up\n')
setTimeout(() => {
  if (mode === 'block') for (;;);
  if (mode === 'stopped') {
    stop()
    setTimeout(() => {
      const until = performance.now() + 4000
      while (performance.now() < until);
    }, 50)
  }
}, 1500)
// Lives on for a moment, so that being alive is shown by an exit code.
setTimeout(() => process.exit(7), 4000)
