import { loadSettings } from '../../../config/index.ts'
import { reasonOf } from '../../packages/index.ts'
import type { InstallContext, LockOutcome } from '../../packages/index.ts'
import { systemClock } from '../../shared/clock.ts'
import { GatewayError } from '../../shared/errors.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { CliIo, CommandArgs, OptionSpec } from '../command.ts'
import { EXIT_USAGE } from '../command.ts'
import { counted, faultLines } from '../fault-lines.ts'
import { chooseConfig } from '../serve/choose-config.ts'
import { showStep } from './step-progress.ts'

/** The option that every command about packages takes. */
export const CONFIG_OPTION: OptionSpec = { type: 'string', short: 'c', value: 'FILE', help: 'Gateway file; the lock is beside it.', default: 'DRAWBRIDGE_CONFIG, else the quick start' }

/** What a command about packages works on. */
export interface PackagesWork {
  /** All servers of the configuration. */
  readonly servers: readonly ServerSettings[]
  /** Those that the command line names. Empty = it names none. */
  readonly named: readonly ServerSettings[]
  readonly context: InstallContext
}

/**
 * Loads the configuration, does the work with a signal that ends it, and turns what goes wrong into one line.
 * @returns the exit code
 */
export async function runPackages (command: string, args: CommandArgs, io: CliIo, work: (work: PackagesWork) => Promise<string>): Promise<number> {
  const chosen = chooseConfig(args.text('config'), io)
  const loaded = await loadSettings({ file: chosen.file, env: io.env, cwd: chosen.workingDirectory, mayLackPackages: true })
  if (!loaded.ok) {
    io.stderr.write(`${faultLines(loaded.error)}drawbridge ${command}: nothing done, ${counted(loaded.error.length, 'fault')} in the configuration\n`)
    return 1
  }
  const servers = [...loaded.value.servers.values()]
  const unknown = args.words.find((word) => !servers.some(({ name }) => name === word))
  if (unknown !== undefined) {
    io.stderr.write(`drawbridge ${command}: ${chosen.file} has no server ${JSON.stringify(unknown)}\n`)
    return EXIT_USAGE
  }
  const { packages } = loaded.value
  if (packages === undefined) throw new GatewayError('GW_INTERNAL', { reason: 'settings of a file say where its packages are' })
  const ending = new AbortController()
  const stopListening = io.onSignal(() => ending.abort())
  const context: InstallContext = {
    ...packages,
    env: io.env,
    signal: ending.signal,
    step: async (what, done) => await showStep(io.stderr, systemClock, what, done),
    note: (text) => { io.stderr.write(`note: ${text}\n`) }
  }
  try {
    io.stdout.write(await work({ servers, named: servers.filter(({ name }) => args.words.includes(name)), context }))
    return 0
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.code !== 'GW_UPSTREAM_START') throw thrown
    io.stderr.write(`drawbridge ${command}: ${reasonOf(thrown)}\n`)
    return 1
  } finally {
    stopListening()
  }
}

/** A line for each server, and what has been written where. */
export function outcomeLines (outcomes: readonly LockOutcome[], context: InstallContext): string {
  if (outcomes.length === 0) return 'No server is started by npx, uvx or the like; there is nothing to lock.\n'
  const width = Math.max(...outcomes.map(({ server }) => server.length))
  const lines = outcomes.map(({ server, packages, before, changed }) => {
    const [now, then] = [packages.join(' '), before?.join(' ')]
    const change = then === undefined ? (changed ? '' : '  (as before)') : then === now ? '  (other dependencies than before)' : `  (before: ${then})`
    return `  ${server.padEnd(width)}  ${now}${change}\n`
  })
  return `${lines.join('')}Lock: ${context.lockFile}\nStore: ${context.directory}\n`
}
