import { loadSettings } from '../../../config/index.ts'
import { systemClock } from '../../shared/clock.ts'
import { ok } from '../../shared/result.ts'
import type { Settings } from '../../shared/settings.ts'
import type { CliIo, Command, CommandArgs, ServedGateway } from '../command.ts'
import { counted, faultLines, warningLines } from '../fault-lines.ts'
import { chooseConfig } from './choose-config.ts'
import { withDevelopmentKey } from './development-key.ts'
import { EndSignals } from './end-signals.ts'
import { clientUrl, readyText } from './ready-text.ts'
import { followConfig } from './reloading.ts'
import { untilEnded } from './until-ended.ts'
import { warmPackages } from './warm-packages.ts'

/** `drawbridge serve` */
export const serveCommand: Command = {
  name: 'serve',
  summary: 'Serve the MCP servers of a configuration over HTTP.',
  description: [
    'Without a configuration it serves the quick start (config/examples/quickstart.json): four real servers, with a',
    'development key that is printed once and ends with the process. Flags win over the environment, the environment over',
    'the file. The first SIGTERM or Ctrl-C lets calls in flight finish (drainMs) and exits 0; a second one ends at once.',
    'A changed file, SIGHUP (from elsewhere than a terminal) and POST /admin/reload read the configuration anew; a faulty',
    'one is told and changes nothing.'
  ].join('\n'),
  options: {
    config: { type: 'string', short: 'c', value: 'FILE', help: 'Gateway file, JSON or YAML.', default: 'DRAWBRIDGE_CONFIG, else the quick start' },
    host: { type: 'string', value: 'HOST', help: 'Address to listen on.', default: 'HOST, else listen.host, else 127.0.0.1' },
    port: { type: 'string', short: 'p', value: 'PORT', help: 'Port to listen on; 0 takes a free one.', default: 'PORT, else listen.port, else 8080' },
    mode: { type: 'string', value: 'MODE', help: 'development or production.', default: 'DRAWBRIDGE_MODE, else mode, else development' },
    'log-level': { type: 'string', value: 'LEVEL', help: 'fatal, error, warn, info, debug, trace or silent.', default: 'LOG_LEVEL, else logLevel, else info' },
    warm: { type: 'boolean', help: 'Fetch the packages of npx servers right after the start; --no-warm leaves that to the first call.', default: 'only in the quick start' }
  },
  examples: ['drawbridge serve', 'drawbridge serve --config gateway.yaml --port 9000', 'HOST=0.0.0.0 DRAWBRIDGE_MODE=production drawbridge serve --config /etc/drawbridge/gateway.yaml'],
  run: serve
}

async function serve (args: CommandArgs, io: CliIo): Promise<number> {
  const signals = new EndSignals(io, systemClock)
  // By default it would end the process. A file that changes from here on is read anyway.
  const stopHearing = io.onHangUp(() => {})
  try {
    return await Promise.race([serveUntilEnded(args, { ...io, onSignal: signals.onSignal }), signals.impatience.then((signal) => notStarted(signal, io))])
  } finally {
    stopHearing()
    signals.close()
  }
}

/** The process ends now, with whatever was begun. */
function notStarted (signal: string, { stderr }: CliIo): number {
  stderr.write(`drawbridge: second signal (${signal}) before the start was over, ending at once\n`)
  return 1
}

async function serveUntilEnded (args: CommandArgs, io: CliIo): Promise<number> {
  const chosen = chooseConfig(args.text('config'), io)
  const load = (revision: number): ReturnType<typeof loadSettings> => loadSettings({ file: chosen.file, flags: flagsOf(args), env: io.env, cwd: chosen.workingDirectory, revision })
  const readAtMs = Date.now()
  const loaded = await load(1)
  if (!loaded.ok) {
    io.stderr.write(`${faultLines(loaded.error)}drawbridge serve: not started, ${counted(loaded.error.length, 'fault')} in the configuration\n`)
    return 1
  }
  io.stderr.write(warningLines(loaded.value.warnings))
  const { settings, development } = withDevelopmentKey(loaded.value)
  const gateway = await start(settings, io)
  if (gateway === undefined) return 1
  if (development === undefined) io.stderr.write(`drawbridge serves ${chosen.file} on ${clientUrl(settings, gateway.url)}\n`)
  else io.stdout.write(readyText({ settings, url: gateway.url, managementUrl: gateway.managementUrl, development, quickStart: chosen.quickStart }))
  const reload = async (revision: number): ReturnType<typeof loadSettings> => {
    const next = await load(revision)
    return next.ok ? ok(withDevelopmentKey(next.value, development).settings) : next
  }
  const unfollow = followConfig({ gateway, settings, readAtMs, load: reload, onHangUp: io.onHangUp })
  try {
    return await run(gateway, settings, args.flag('warm') ?? chosen.quickStart, io)
  } finally {
    unfollow()
  }
}

async function run (gateway: ServedGateway, settings: Settings, warm: boolean, io: CliIo): Promise<number> {
  const ending = new AbortController()
  const warming = warm ? warmPackages(settings, { env: io.env, stderr: io.stderr, clock: systemClock, signal: ending.signal }) : Promise.resolve()
  const stopListening = io.onSignal(() => ending.abort())
  try {
    return await untilEnded(gateway, io)
  } finally {
    ending.abort()
    stopListening()
    await warming.catch(() => undefined)
  }
}

function flagsOf (args: CommandArgs): NonNullable<Parameters<typeof loadSettings>[0]['flags']> {
  const [host, port, mode, logLevel] = [args.text('host'), args.text('port'), args.text('mode'), args.text('log-level')]
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(mode === undefined ? {} : { mode }),
    ...(logLevel === undefined ? {} : { logLevel })
  }
}

async function start (settings: Settings, io: CliIo): Promise<ServedGateway | undefined> {
  try {
    return await io.startGateway(settings, io.env)
  } catch (thrown) {
    const { code, address, port, message } = thrown as NodeJS.ErrnoException & { address?: string, port?: number }
    io.stderr.write(`drawbridge serve: ${code === undefined ? message : listenProblem(code, `${address ?? settings.listen.host}:${port ?? settings.listen.port}`)}\n`)
    return undefined
  }
}

function listenProblem (code: string, where: string): string {
  switch (code) {
    case 'EADDRINUSE': return `another program listens on ${where} already; stop it, or choose other ports with --port and DRAWBRIDGE_MANAGEMENT_PORT`
    case 'EACCES': return `${where} may not be listened on by this user; choose a port from 1024`
    case 'EADDRNOTAVAIL': return `this machine has no address ${where}; choose another with --host`
    case 'ENOTFOUND': return `the host name of ${where} is not known; choose another with --host`
    default: return `cannot listen on ${where} (${code})`
  }
}
