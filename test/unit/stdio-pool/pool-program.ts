/**
 * A gateway's life in small, for the supervisor's test: starts workers that will not end by themselves, says so in one
 * line of JSON, and waits to be killed. Argument: a scratch directory.
 */
import { systemClock } from '../../../src/shared/clock.ts'
import { createWorkerPool, prepareLaunch } from '../../../src/stdio-pool/index.ts'
import type { Worker } from '../../../src/stdio-pool/index.ts'
import { until } from '../../helpers/until.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { fixture, host, identity, limits, listen, never, owner } from './pool-parts.ts'

/** Leaves the process group, and the session, with a child of its own. */
const ESCAPES = `
require('node:child_process').spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.error("escaped")'], { detached: true, stdio: ['ignore', 'ignore', 'inherit'] })
`

const stateDir = process.argv[2] ?? ''
const pool = createWorkerPool({ limits: limits(), clock: systemClock, events: listen().events })

async function start (args: string[], ready: string): Promise<Worker> {
  const launch = prepareLaunch(serverSettings({ args }), identity('acme', 'alice'), { stateDir, workerKey: 'key' }, host)
  const worker = await pool.start(launch, owner(), never)
  worker.onMessage = () => {}
  await until(ready, () => worker.stderrTail().includes(ready))
  return worker
}

await Promise.all([start([fixture('ignores-eof-and-term.mjs')], 'ready'), start([fixture('ignores-eof-and-term.mjs')], 'ready'), start(['-e', ESCAPES], 'escaped')])
process.stdout.write(JSON.stringify({ tag: pool.instanceId }) + '\n')
setInterval(() => {}, 1000)
