export type { ConnectionFault } from './speech.ts'
