import type { Stack } from './types.ts'

/** How long everything may take to be healthy, the packages' download included. */
const WAIT_SECONDS = 420

/** `docker compose up -d --wait`, as an operator types it; when it fails, the error has what the unhealthy ones said. */
export async function startStack (stack: Stack): Promise<string> {
  const beginMs = performance.now()
  try {
    await stack.compose('up', '-d', '--no-build', '--wait', '--wait-timeout', String(WAIT_SECONDS))
  } catch (error) {
    throw new Error(`${String(error)}\n${await unwell(stack)}`)
  }
  const seconds = (performance.now() - beginMs) / 1000
  const services = (await stack.compose('ps', '--format', '{{.Service}} {{.Status}}')).trim().split('\n')
  return `${services.length} containers up and healthy after ${seconds.toFixed(1)} s`
}

/** State of every container, and the last lines of those that are not well. */
async function unwell (stack: Stack): Promise<string> {
  const lines = (await stack.compose('ps', '-a', '--format', '{{.Service}} {{.Status}}')).trim().split('\n')
  const logs = await Promise.all(lines.filter((line) => !/Up .*\(healthy\)|Exited \(0\)/.test(line)).map(async (line) => {
    const service = line.split(' ')[0] ?? ''
    return `--- ${line}\n${await stack.compose('logs', '--no-color', '--tail', '15', service)}`
  }))
  return [...lines, ...logs].join('\n')
}
