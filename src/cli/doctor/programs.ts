import { basename } from 'node:path'
import type { Environment } from '../../../config/index.ts'
import { fine } from './finding.ts'
import type { Finding } from './finding.ts'
import { probe } from './probe.ts'
import type { ProbeResult } from './probe.ts'

/** A program that servers, tests or sandboxes may need. */
interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Commands of server entries that cannot do without it. */
  readonly neededBy: readonly string[]
  readonly fix: string
  /** Said when it is there but does not work; `undefined` = same as fix. */
  readonly fixBroken?: string
}

const PROGRAMS: readonly Program[] = [
  { name: 'npm', command: 'npm', args: ['--version'], neededBy: ['npm', 'npx'], fix: 'install Node from https://nodejs.org, which brings npm (Debian: apt install npm)' },
  { name: 'npx', command: 'npx', args: ['--version'], neededBy: ['npx'], fix: 'install Node from https://nodejs.org, which brings npx (Debian: apt install npm)' },
  { name: 'uvx', command: 'uvx', args: ['--version'], neededBy: ['uvx'], fix: 'for Python servers: curl -LsSf https://astral.sh/uv/install.sh | sh, or pipx install uv' },
  { name: 'python', command: 'python3', args: ['--version'], neededBy: ['python3'], fix: 'for Python servers: apt install python3, or https://www.python.org' },
  { name: 'docker', command: 'docker', args: ['version', '--format', 'server {{.Server.Version}}'], neededBy: ['docker'], fix: 'for servers in containers: https://docs.docker.com/engine/install', fixBroken: 'start the Docker daemon (systemctl start docker) and let this user reach it (usermod -aG docker USER)' },
  { name: 'redis', command: 'redis-server', args: ['--version'], neededBy: [], fix: 'only for several gateways that share state: apt install redis-server' }
]

/** Asks every known program for its version. `commands` are those of the configuration's servers. */
export async function checkPrograms (commands: ReadonlySet<string>, env: Environment): Promise<Finding[]> {
  const used = new Set([...commands].map((command) => basename(command)))
  return await Promise.all(PROGRAMS.map(async (program) => {
    const required = program.neededBy.some((command) => used.has(command))
    return findingOf(program, required, await probe(program.command, program.args, env))
  }))
}

/** Commands of servers that {@link checkPrograms} does not try itself: can they be found at all? */
export async function checkCommands (commands: ReadonlySet<string>, env: Environment): Promise<Finding[]> {
  const tried = new Set(PROGRAMS.map(({ command }) => command))
  const others = [...commands].filter((command) => command !== '' && !tried.has(command))
  return await Promise.all(others.map(async (command) => {
    const result = await probe('sh', ['-c', 'command -v "$1"', 'sh', command], env)
    return result.outcome === 'ok'
      ? fine(`command ${basename(command)}`, true, result.output)
      : { name: `command ${basename(command)}`, status: 'missing', required: true, found: `${command} is not found`, fix: 'install it, or write its absolute path into the server entry' }
  }))
}

function findingOf (program: Program, required: boolean, result: ProbeResult): Finding {
  if (result.outcome === 'ok') return fine(program.name, required, result.output === '' ? 'works' : result.output)
  const found = result.outcome === 'absent' ? 'not installed' : `does not work: ${result.output}`
  return { name: program.name, status: 'missing', required, found, fix: result.outcome === 'absent' ? program.fix : program.fixBroken ?? program.fix }
}
