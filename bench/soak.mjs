// Entry of `npm run soak`: runs soak/main.ts under the project's pinned Node 24.
import { runPinned } from './machine/pin.mjs'

runPinned(new URL('./soak/main.ts', import.meta.url), process.argv.slice(2))
