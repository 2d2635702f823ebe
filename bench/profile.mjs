// Where Drawbridge's CPU goes: the echo load under --cpu-prof, top functions by self time. See README.md.
import { runPinned } from './machine/pin.mjs'

runPinned(new URL('./profile/main.ts', import.meta.url), process.argv.slice(2))
