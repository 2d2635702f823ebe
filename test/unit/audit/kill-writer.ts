/** Records until it is killed; run by spool.test.ts. */
import { FileOutput, createAudit, readHeadKey } from '../../../src/audit/index.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { call } from './chained.ts'

const [path = '', folder = ''] = process.argv.slice(2)
const audit = createAudit({
  key: readHeadKey(undefined, folder),
  outputs: [new FileOutput(path, systemClock.nowMs)],
  whenFull: 'drop',
  wallMs: systemClock.wallMs,
  about: {},
  events: { dropped () {}, failing () {}, recovered () {}, head () {} }
})
let records = 0
setInterval(() => { for (let times = 0; times < 200; times++) audit.record(call(`tool-${records++}`)) }, 1)
