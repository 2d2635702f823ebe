import { fileURLToPath } from 'node:url'
import { textOf } from '../../helpers/legacy-wire.ts'
import { residentBytes } from '../../helpers/processes.ts'
import { atMost, noted } from '../figure.ts'
import type { Row } from '../figure.ts'
import { MB, opened, withGateway } from '../scene.ts'

const LEAKS = fileURLToPath(new URL('../../fixtures/stdio-servers/leaks.mjs', import.meta.url))
const MAX_MB = 200
/** What one call leaks. */
const CALL_MB = 5

/** FR08. */
export const leaking: Row = {
  id: 'FR08',
  title: `a worker keeps 5 MB of every call, over 2,000 calls; it is replaced from ${MAX_MB} MiB on, more or less a fifth`,
  run: ({ isQuick }) => withGateway({ users: 1, entry: { command: process.execPath, args: [LEAKS], pool: { maxMemoryMb: MAX_MB } } }, async (gateway, [user = '']) => {
    const wire = await opened(gateway, user)
    let failed = 0
    let peakBytes = 0
    const seen = new Set<number>()
    const count = isQuick ? 400 : 2000
    for (let call = 0; call < count; call++) {
      const answer = await wire.call('leak').catch(() => undefined)
      if (answer?.result === undefined || !/^\d+$/.test(textOf(answer))) failed++
      if (call % 5 !== 0) continue
      for (const { pid } of gateway.workers()) {
        seen.add(pid)
        peakBytes = Math.max(peakBytes, residentBytes(pid))
      }
    }
    return [
      noted('workers used', seen.size),
      atMost('failed calls', 0, failed),
      noted('largest worker seen', peakBytes / MB, ' MiB'),
      atMost('largest worker, limit and a fifth and one call', MAX_MB * 1.2 + CALL_MB, peakBytes / MB, ' MiB'),
      atMost('workers afterwards', 1, gateway.workers().length)
    ]
  })
}
