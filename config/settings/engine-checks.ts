import { normalize } from 'node:path/posix'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'

/** Flags of an engine that give a container the host's own, with what is wrong with them; a value, where only some are. */
const OPEN_FLAGS: ReadonlyArray<{ readonly flag: string, readonly values?: RegExp, readonly gives: string }> = [
  { flag: '--privileged', gives: 'every right on the host' },
  { flag: '--network', values: /^host$/, gives: 'the host\'s network, loopback and metadata addresses included' },
  { flag: '--net', values: /^host$/, gives: 'the host\'s network, loopback and metadata addresses included' },
  { flag: '--pid', values: /^host$/, gives: 'the host\'s processes' },
  { flag: '--ipc', values: /^host$/, gives: 'the host\'s shared memory' },
  { flag: '--userns', values: /^host$/, gives: 'the host\'s user ids' },
  { flag: '--cap-add', values: /^(?:ALL|(?:CAP_)?SYS_(?:ADMIN|PTRACE|MODULE|RAWIO))$/i, gives: 'rights with which a container can be left' },
  { flag: '--security-opt', values: /unconfined/, gives: 'system calls with which a container can be left' },
  { flag: '--device', gives: 'a device of the host' }
]

/** Directories that hold the host's programs, secrets, devices or sockets; single files in them may be mounted. */
const HOST_DIRS = new Set(['/', '/boot', '/dev', '/etc', '/home', '/proc', '/root', '/run', '/sys', '/usr', '/var', '/var/lib', '/var/lib/containerd', '/var/lib/containers', '/var/lib/docker', '/var/run'])

/** Production refuses, development warns. Arguments of the server itself, behind the image, are looked at, too: the engine's flags cannot be told from them with certainty. */
export function checkEngineFlags (args: readonly string[], mode: 'development' | 'production', place: Place, report: Report): void {
  for (const [index, arg] of args.entries()) {
    const open = openFlag(arg, args[index + 1]) ?? openMount(arg, args[index + 1])
    if (open === undefined) continue
    if (mode === 'production') report.fault(within(place, index), `expected no ${open}`)
    else report.warn(within(place, index), `is ${open}; production mode refuses it`)
  }
}

function openFlag (arg: string, next: string | undefined): string | undefined {
  const cut = arg.indexOf('=')
  const [name, value] = cut === -1 ? [arg, next ?? ''] : [arg.slice(0, cut), arg.slice(cut + 1)]
  const found = OPEN_FLAGS.find(({ flag, values }) => flag === name && (values === undefined ? value !== 'false' || cut === -1 : values.test(value)))
  return found === undefined ? undefined : `${name}, which gives the container ${found.gives}`
}

/** Mounts of the daemon's socket, or of directories with which a container has the host. */
function openMount (arg: string, next: string | undefined): string | undefined {
  const text = mountText(arg, next)
  if (text === undefined) return undefined
  if (/(?:docker|podman|containerd)[^,:]*\.sock/.test(text)) return 'mount of the engine\'s socket, which gives the container every right on the host'
  const source = /^(?:"?[a-z]+=|"?readonly,)/.test(text) ? /(?:^|,)"?(?:source|src)=([^,"]*)/.exec(text)?.[1] : text.split(':')[0]
  if (source?.startsWith('/') !== true) return undefined
  const directory = normalize(source).replace(/(?<=.)\/+$/, '').replace(/^\/{2,}/, '/')
  return HOST_DIRS.has(directory) ? `mount of the host's ${directory === '/' ? 'whole disk' : directory}` : undefined
}

/** The value of a mounting flag: of its own, behind `=`, or at the end of short flags written together (`-itv`, `-v/a:/b`). */
function mountText (arg: string, next: string | undefined): string | undefined {
  const [, value] = /^(?:--(?:volume|mount)(?:=|$)|-[ditPq]*v=?)(.*)$/s.exec(arg) ?? []
  return value === '' && !arg.includes('=') ? next : value
}
