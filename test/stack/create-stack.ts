import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command } from './command.ts'
import type { Sample, Stack, StackUser } from './types.ts'

/** The checkout, which docker-compose.yml is at the root of. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface StackPlace {
  readonly url: string
  readonly key: string
  readonly users: readonly StackUser[]
  readonly reader: StackUser
  readonly subnet: string
  readonly project: string
  readonly envFile: string
  readonly instanceDir: string
}

/** What rows use to drive the stack at this place, whether or not it is up. */
export function createStack ({ url, key, users, reader, subnet, project, envFile, instanceDir }: StackPlace): Stack {
  const env = { COMPOSE_PROJECT_NAME: project, DRAWBRIDGE_ENV_FILE: envFile }
  const options = { cwd: root, env: { ...process.env, ...env } }
  const compose = (...args: string[]): Promise<string> => command('docker', ['compose', '--env-file', envFile, ...args], options)
  const exec = (service: string, ...words: string[]): Promise<string> => compose('exec', '-T', service, ...words)
  return {
    url,
    ca: join(instanceDir, 'tls', 'fullchain.pem'),
    key,
    users,
    reader,
    env,
    instanceDir,
    subnet,
    compose,
    exec,
    script: (name, ...args) => command(join(root, 'scripts', name), args, options),
    promQuery: async (expression) => samplesOf(await exec('prometheus', 'wget', '-q', '-O', '-', `http://127.0.0.1:9090/api/v1/query?query=${encodeURIComponent(expression)}`)),
    log: (service) => compose('logs', '--no-color', '--no-log-prefix', service)
  }
}

interface QueryAnswer {
  readonly data: { readonly resultType: string, readonly result: ReadonlyArray<{ metric: Record<string, string>, value: [number, string] }> | [number, string] }
}

function samplesOf (text: string): Sample[] {
  const { data } = JSON.parse(text) as QueryAnswer
  if (data.resultType === 'scalar') return [{ labels: {}, value: Number((data.result as [number, string])[1]) }]
  return (data.result as ReadonlyArray<{ metric: Record<string, string>, value: [number, string] }>).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
}

/** The certificate that the stack's clients have to trust, PEM. */
export function certificateOf (stack: Stack): string {
  return readFileSync(stack.ca, 'utf8')
}
