// Entry of `npm run bench`: runs main.ts under the project's pinned Node 24, whatever Node the host has.
import { runPinned } from './machine/pin.mjs'

runPinned(new URL('./main.ts', import.meta.url), process.argv.slice(2))
