import { existsSync, readFileSync } from 'node:fs'
import type { Shortcoming } from './host-support.ts'

/** Switches of the kernel that forbid user namespaces to ordinary users: name, the value that does, the value that allows them. */
const SWITCHES = [
  { name: 'kernel.unprivileged_userns_clone', forbids: '0', allows: '1' },
  { name: 'kernel.apparmor_restrict_unprivileged_userns', forbids: '1', allows: '0' },
  { name: 'user.max_user_namespaces', forbids: '0', allows: '15000' }
] as const

/**
 * What bubblewrap's complaint means and what to do about it.
 * @param inContainer default: whether this process is in one of Docker or Podman
 */
export function whyNoNamespace (complaint: string, by: 'root' | 'user', read: (file: string) => string | undefined = readLine, inContainer = isContainer()): Shortcoming {
  const why = `bubblewrap cannot make namespaces here: ${complaint.replace(/^bwrap: /, '')}`
  return { level: 'namespace', why, fix: fixFor(complaint, by, read, inContainer) }
}

function isContainer (): boolean {
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv')
}

function fixFor (complaint: string, by: 'root' | 'user', read: (file: string) => string | undefined, inContainer: boolean): string {
  if (/Unknown option/.test(complaint)) return 'install bubblewrap 0.8 or later'
  if (/proc/.test(complaint) && /mount/i.test(complaint)) return inContainer ? 'start the container with --security-opt systempaths=unconfined, which lets workers have a /proc of their own' : 'unmount what lies over parts of /proc'
  if (by === 'root') return inContainer ? 'run the gateway in its container as an ordinary user under a seccomp profile that allows user namespaces, or give it CAP_SYS_ADMIN' : 'give the service CAP_SYS_ADMIN, or run it as an ordinary user'
  const forbidding = SWITCHES.filter(({ name, forbids }) => read(`/proc/sys/${name.replaceAll('.', '/')}`) === forbids)
  if (forbidding.length > 0) return forbidding.map(({ name, allows }) => `sysctl ${name}=${allows}`).join(', and ')
  // A seccomp profile refuses with "not permitted"; of the profiles that Docker has, only AppArmor's denies.
  if (inContainer && /(?:slave|mount|pivot_root).*Permission denied/i.test(complaint)) return 'start the container with --security-opt apparmor=unconfined: Docker\'s own AppArmor profile denies every mount'
  return inContainer ? 'start the container with --security-opt seccomp=deploy/seccomp.json, a seccomp profile that allows unshare, clone and mount (docs/workers.md)' : 'allow user namespaces to this user (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)'
}

function readLine (file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}
