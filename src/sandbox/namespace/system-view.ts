import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import type { Mount } from './mount.ts'

/** Of the system, programs and libraries; /usr/local is in it. */
const PROGRAM_DIRS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store']

/**
 * Of /etc, what programs need to find libraries, names, hosts, time, fonts and certificate authorities. Nothing that may
 * hold a secret: of /etc/ssl and /etc/pki only the public parts (T43).
 */
const SETTINGS = [
  'alternatives', 'crypto-policies', 'debian_version', 'fonts', 'gai.conf', 'host.conf', 'hosts', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d',
  'localtime', 'mime.types', 'nsswitch.conf', 'os-release', 'pki/ca-trust', 'pki/tls/cert.pem', 'pki/tls/certs', 'pki/tls/openssl.cnf', 'protocols',
  'resolv.conf', 'services', 'ssl/cert.pem', 'ssl/certs', 'ssl/openssl.cnf', 'timezone'
].map((name) => `/etc/${name}`)

/** Directories that programs expect to exist; empty. */
export const EMPTY_DIRS = ['/home', '/root', '/run', '/var', '/opt', '/srv', '/mnt']

/** The read-only view of the system that every contained worker has. Looked at once per gateway. */
export function systemView (): readonly Mount[] {
  return [...PROGRAM_DIRS, ...SETTINGS].flatMap((path): Mount[] => {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return []
    // /bin -> usr/bin stays a link; resolv.conf -> /run/… becomes the file.
    if (stat.isSymbolicLink() && !path.startsWith('/etc/')) return [{ kind: 'symlink', path, target: readlinkSync(path) }]
    return realOf(path).map((source): Mount => ({ kind: 'ro', path, source }))
  })
}

function realOf (path: string): string[] {
  try {
    return [realpathSync(path)]
  } catch {
    return []
  }
}
