// Preloaded into a gateway: its wall clock is wrong by as many milliseconds as the file CHECKER_CLOCK says, from the moment
// that it says so. The monotonic clock is left alone.
import { readFileSync } from 'node:fs'

const file = process.env.CHECKER_CLOCK
if (file !== undefined) {
  const rightNow = Date.now.bind(Date)
  let offsetMs = 0
  setInterval(() => {
    try {
      offsetMs = Number(readFileSync(file, 'utf8')) || 0
    } catch {}
  }, 100).unref()
  Date.now = () => rightNow() + offsetMs
}
