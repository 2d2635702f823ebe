/** Records to a file on a disk that is full, then has room again; run by spool.test.ts inside a namespace with a small tmpfs. Prints what happened as JSON. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileOutput } from '../../../src/audit/index.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { until } from '../../helpers/until.ts'
import { auditTo, call, keyIn, verifyTexts } from './chained.ts'

const [disk = '', folder = '', whenFull = ''] = process.argv.slice(2)
const path = join(disk, 'audit.jsonl')
const key = keyIn(folder)
const { audit, told } = auditTo({ after () {} } as never, new FileOutput(path, systemClock.nowMs), key, { maxChars: 200_000, whenFull: whenFull as 'drop' | 'block' })

audit.record(call('first'))
await until('the first is written', () => readFileSync(path, 'utf8').includes('first'))
try {
  writeFileSync(join(disk, 'filler'), Buffer.alloc(8 * 1024 * 1024))
} catch {
  // As much as there was room for.
}
// A page of the last block may be free.
for (let times = 0; told.failing.length === 0; times++) {
  audit.record(call(`page-${times}`))
  await new Promise((resolve) => { setImmediate(resolve) })
}
const startMs = performance.now()
for (let times = 0; times < 5000; times++) audit.record(call(`full-${times}`))
const recordMs = performance.now() - startMs
const roomWhileFull = await audit.room?.()
rmSync(join(disk, 'filler'))
await until('it can be written again', () => told.recovered > 0)
const roomAfter = await audit.room?.()
audit.record(call('last'))
await audit.close()
const report = verifyTexts({ f: readFileSync(path, 'utf8') }, key)
console.log(JSON.stringify({ recordMs, roomWhileFull, roomAfter: roomAfter ?? 'at once', dropped: told.dropped, reason: told.failing[0], problems: report.problems, notices: report.notices.map(({ message }) => message), records: report.records, hasLast: readFileSync(path, 'utf8').includes('"tool":"last"') }))
