import { loadSettings } from '../../config/index.ts'
import type { ConfigFault } from '../../config/index.ts'
import type { Result } from '../shared/result.ts'
import type { Settings } from '../shared/settings.ts'
import type { CliIo, Command, CommandArgs } from './command.ts'
import { effectiveSettings } from './effective-settings.ts'
import { redisAddress } from './redis-address.ts'
import { counted, faultLines, warningLines } from './fault-lines.ts'
import { chooseConfig } from './serve/choose-config.ts'

/** `drawbridge check` */
export const checkCommand: Command = {
  name: 'check',
  summary: 'Validate a configuration and show every fault at once.',
  description: [
    'Reads the file and everything it includes, fills in variables, and holds it to the schema and to all rules that can',
    'be checked without starting a server. Each fault names its file and key. Exits 0 if there is no fault, 1 otherwise;',
    'warnings do not count. Variables that the file names have to be set, as they have to be for serve.'
  ].join('\n'),
  options: {
    config: { type: 'string', short: 'c', value: 'FILE', help: 'Gateway file, JSON or YAML.', default: 'DRAWBRIDGE_CONFIG, else the quick start' },
    mode: { type: 'string', value: 'MODE', help: 'Check for development or production.', default: 'DRAWBRIDGE_MODE, else mode, else development' },
    effective: { type: 'boolean', help: 'Also print the settings with all defaults filled in and secrets masked.' },
    json: { type: 'boolean', help: 'Print one JSON object: { ok, file, faults, warnings, servers }.' }
  },
  examples: ['drawbridge check --config gateway.yaml', 'drawbridge check --config gateway.yaml --mode production --json'],
  run: check
}

async function check (args: CommandArgs, io: CliIo): Promise<number> {
  const chosen = chooseConfig(args.text('config'), io)
  const mode = args.text('mode')
  const loaded = await loadSettings({ file: chosen.file, flags: mode === undefined ? {} : { mode }, env: io.env, cwd: chosen.workingDirectory })
  const effective = loaded.ok && args.flag('effective') === true ? effectiveSettings(loaded.value) : undefined
  io.stdout.write(args.flag('json') === true ? jsonReport(chosen.file, loaded, effective) : textReport(chosen.file, loaded, effective))
  return loaded.ok ? 0 : 1
}

type Loaded = Result<Settings, readonly ConfigFault[]>

function jsonReport (file: string, loaded: Loaded, effective: unknown): string {
  const report = loaded.ok
    ? { ok: true, file, faults: [], warnings: loaded.value.warnings, servers: serversOf(loaded.value), ...(effective === undefined ? {} : { effective }) }
    : { ok: false, file, faults: loaded.error, warnings: [], servers: [] }
  return `${JSON.stringify(report, null, 2)}\n`
}

function serversOf (settings: Settings) {
  return [...settings.servers.values()].map(({ name, originalName, transport, isolation }) => ({ name, ...(originalName === undefined ? {} : { originalName }), transport, isolation }))
}

function stateOf ({ redis, replica, processes }: Settings): string {
  if (redis === undefined) return processes === 1 ? 'kept in this process' : `kept in ${processes} processes`
  return `shared by ${redisAddress(redis)}, as replica ${replica?.name ?? ''}`
}

function textReport (file: string, loaded: Loaded, effective: unknown): string {
  if (!loaded.ok) return `${faultLines(loaded.error)}${file}: ${counted(loaded.error.length, 'fault')}\n`
  const settings = loaded.value
  const keys = `${counted(settings.auth.apiKeys.length, 'API key')}, ${counted(settings.auth.jwt.length, 'token issuer')}`
  return [
    warningLines(settings.warnings),
    `${file}: no faults, ${counted(settings.warnings.length, 'warning')}\n`,
    `  mode         ${settings.mode}\n`,
    `  listens on   ${settings.listen.host}:${settings.listen.port}, management on ${settings.management.host}:${settings.management.port}\n`,
    `  credentials  ${keys}\n`,
    `  tenants      ${settings.tenants === undefined ? 'any that a credential names' : [...settings.tenants.keys()].join(', ')}\n`,
    `  state        ${stateOf(settings)}\n`,
    `  servers      ${settings.servers.size}\n`,
    ...serversOf(settings).map(({ name, transport, isolation }) => `    ${name} (${transport}, isolation ${isolation})\n`),
    effective === undefined ? '' : `${JSON.stringify(effective, null, 2)}\n`
  ].join('')
}
