import { loadSettings } from '../../../config/index.ts'
import type { ConfigFault } from '../../../config/index.ts'
import type { Result } from '../../shared/result.ts'
import type { Settings } from '../../shared/settings.ts'
import type { CliIo, Command, CommandArgs } from '../command.ts'
import { counted } from '../fault-lines.ts'
import { chooseConfig } from '../serve/choose-config.ts'
import { checkContainment } from './containment.ts'
import { fine, isFailure } from './finding.ts'
import type { Finding } from './finding.ts'
import { checkNode, checkOpenFiles, checkStateDir } from './host.ts'
import { checkPackages } from './packages.ts'
import { checkPorts } from './ports.ts'
import { checkCommands, checkPrograms } from './programs.ts'
import { checkRedis } from './redis.ts'
import { checkWarm } from './warm.ts'

/** `drawbridge doctor` */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Look at this machine: what works here, what does not, and how to fix it.',
  description: [
    'Looks for Node, npm, uvx, Python, Docker and Redis, at what contains workers here, at the limit',
    'on open files, at the ports and at the state directory, and connects to the Redis of the',
    'configuration. What the servers of the configuration need is required; the rest is for',
    'information. Starts no server. Can be run beside a gateway: ports that it holds are its own.',
    'Exits 0 unless something required is missing.'
  ].join('\n'),
  options: {
    config: { type: 'string', short: 'c', value: 'FILE', help: 'Gateway file that says what is required.', default: 'DRAWBRIDGE_CONFIG, else the quick start' },
    json: { type: 'boolean', help: 'Print one JSON object: { ok, findings }.' }
  },
  examples: ['drawbridge doctor', 'drawbridge doctor --config gateway.yaml --json'],
  run: doctor
}

async function doctor (args: CommandArgs, io: CliIo): Promise<number> {
  const chosen = chooseConfig(args.text('config'), io)
  const loaded = await loadSettings({ file: chosen.file, env: io.env, cwd: chosen.workingDirectory })
  const findings = [checkConfig(chosen.file, loaded), ...await lookAtMachine(loaded.ok ? loaded.value : undefined, io), ...checkWarm(loaded.ok ? loaded.value.servers.values() : [])]
  const ok = !findings.some(isFailure)
  io.stdout.write(args.flag('json') === true ? `${JSON.stringify({ ok, findings }, null, 2)}\n` : textReport(findings))
  return ok ? 0 : 1
}

function checkConfig (file: string, loaded: Result<Settings, readonly ConfigFault[]>): Finding {
  if (loaded.ok) return fine('configuration', true, `${file}, ${counted(loaded.value.servers.size, 'server')}`)
  return { name: 'configuration', status: 'missing', required: true, found: `${file} has ${counted(loaded.error.length, 'fault')}`, fix: `drawbridge check --config ${file}` }
}

async function lookAtMachine (settings: Settings | undefined, io: CliIo): Promise<Finding[]> {
  const packages = settings === undefined ? { findings: [], stored: new Set() } : await checkPackages(settings, io.env)
  const commands = new Set([...settings?.servers.values() ?? []].filter((server) => server.transport === 'stdio' && !packages.stored.has(server)).map(({ command }) => command))
  const programs = await checkPrograms(commands, io.env)
  const others = await checkCommands(commands, io.env)
  const containment = await checkContainment(settings)
  const own = settings === undefined ? [] : [...await checkPorts(settings), ...await checkRedis(settings), checkStateDir(settings.stateDir)]
  return [checkNode(process.versions.node), ...programs, ...others, ...packages.findings, ...containment, checkOpenFiles(), ...own]
}

function textReport (findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const lines = findings.flatMap((finding) => {
    const mark = finding.status === 'ok' ? 'ok     ' : isFailure(finding) ? 'MISSING' : finding.status === 'weak' ? 'weak   ' : 'absent '
    const line = `${mark}  ${finding.name.padEnd(width)}  ${finding.found}`
    return finding.fix === undefined ? [line] : [line, `${' '.repeat(width + 11)}-> ${finding.fix}`]
  })
  const failures = findings.filter(isFailure).length
  return `${lines.join('\n')}\n\n${failures === 0 ? 'Everything that the configuration needs is here.' : `${counted(failures, 'thing')} that the configuration needs ${failures === 1 ? 'is' : 'are'} missing.`}\n`
}
