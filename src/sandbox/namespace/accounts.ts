import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes what workers find as /etc/passwd and /etc/group: root, and the user they run under, so that programs that ask for
 * their user's name get one. The host's accounts are none of their business.
 * @returns the two files' paths
 */
export function writeAccounts (directory: string, uid: number, gid: number): { passwd: string, group: string } {
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  const passwd = join(directory, `passwd-${uid}`)
  const group = join(directory, `group-${gid}`)
  writeFileSync(passwd, `root:x:0:0:root:/root:/bin/sh\nworker:x:${uid}:${gid}:worker:/tmp:/bin/sh\n`, { mode: 0o644 })
  writeFileSync(group, `root:x:0:\nworker:x:${gid}:\n`, { mode: 0o644 })
  return { passwd, group }
}
