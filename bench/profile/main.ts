import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createDriver } from '../load/driver.ts'
import { stopAll } from '../machine/launch.ts'
import { installRivals, workDir } from '../rivals/install.ts'
import { backendServer } from '../targets/backends.ts'
import { drawbridge } from '../targets/drawbridge.ts'
import type { Crossing } from '../targets/target.ts'
import { readCpuProfile, type CpuProfile } from './cpu-profile.ts'
import { selfTimes } from './self-times.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    sessions: { type: 'string', default: '100' },
    concurrency: { type: 'string', default: '64' },
    top: { type: 'string', default: '40' },
    isolation: { type: 'string', default: 'shared' },
    credentials: { type: 'string', default: 'API keys' },
    crossing: { type: 'string', default: 'stdio' },
    payload: { type: 'string', default: '100' },
    redis: { type: 'boolean', default: false }
  }
})

const USERS = 10
const CROSSINGS: readonly Crossing[] = ['stdio', 'stdio-modern', 'http', 'http-modern']
const crossing = CROSSINGS.find((known) => known === values.crossing) ?? 'stdio'

async function profile (): Promise<void> {
  await installRivals((line) => { process.stderr.write(`${line}\n`) })
  const directory = mkdtempSync(join(workDir, 'profile-'))
  const target = drawbridge({
    id: 'profiled',
    isolation: values.isolation === 'user' ? 'user' : 'shared',
    credentials: values.credentials === 'JWT HS256' ? 'JWT HS256' : 'API keys',
    users: USERS,
    idleMs: 600_000,
    maxSessions: 1000,
    redis: values.redis,
    nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${directory}`, '--cpu-prof-interval=500']
  })
  const driver = createDriver()
  try {
    const server = await backendServer(crossing, 'echo')
    const launchedAt = performance.now()
    const started = await target.start(server)
    const edgesUs: number[] = []
    await driver.open({ ...started.endpoint, era: crossing.endsWith('modern') ? 'modern' : 'legacy' }, Number(values.sessions))
    const report = await driver.run({ concurrency: Number(values.concurrency), payloadBytes: Number(values.payload), warmMs: 2000, forMs: Number(values.seconds) * 1000, maxCalls: 0 },
      () => { edgesUs.push((performance.now() - launchedAt) * 1000) })
    await driver.close('delete')
    await started.process.stop()
    process.stdout.write(`${Math.round(report.callsPerSecond)} calls/s under the profiler, ${report.errors} errors${report.firstError === undefined ? '' : ` (${report.firstError})`}, ${report.mixups} mixups\n\n`)
    process.stdout.write(selfTimes(largestProfile(directory), { fromUs: edgesUs[0] ?? 0, untilUs: edgesUs[1] ?? 0 }, Number(values.top)) + '\n')
  } finally {
    driver.stop()
    await stopAll()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Helper processes of the gateway write profiles too; the gateway's is the largest. */
function largestProfile (directory: string): CpuProfile {
  const files = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile')).map((name) => join(directory, name))
  const [largest] = files.sort((a, b) => statSync(b).size - statSync(a).size)
  if (largest === undefined) throw new Error('no profile was written: the gateway did not end by itself on SIGTERM')
  return readCpuProfile(readFileSync(largest, 'utf8'))
}

await profile()
