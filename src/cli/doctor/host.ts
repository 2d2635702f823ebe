import { accessSync, constants, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fine } from './finding.ts'
import type { Finding } from './finding.ts'

const WANTED_NODE_MAJOR = 24
/** A session takes about three descriptors: 1 000 users with a stream and a worker each. */
const WANTED_OPEN_FILES = 4096

/** The Node that runs the gateway. */
export function checkNode (version: string): Finding {
  if (Number(version.split('.')[0]) >= WANTED_NODE_MAJOR) return fine('node', true, version)
  return { name: 'node', status: 'missing', required: true, found: version, fix: `run it through bin/drawbridge.mjs after npm ci, or install Node ${WANTED_NODE_MAJOR}` }
}

/** The limit on open files of this process, which the gateway would have, too. */
export function checkOpenFiles (limitsFile = '/proc/self/limits'): Finding {
  const name = 'open files'
  let text: string
  try {
    text = readFileSync(limitsFile, 'utf8')
  } catch {
    return fine(name, false, 'limit not readable on this system (see ulimit -n)')
  }
  const limit = /^Max open files\s+(\S+)/m.exec(text)?.[1] ?? 'unknown'
  if (limit === 'unlimited' || Number(limit) >= WANTED_OPEN_FILES) return fine(name, false, `limit ${limit}`)
  return { name, status: 'weak', required: false, found: `limit ${limit}`, fix: `for many users: ulimit -n ${WANTED_OPEN_FILES * 16}, or LimitNOFILE= in the service` }
}

/** Worker homes live in the state directory; it is made at the start if its parent allows. */
export function checkStateDir (stateDir: string): Finding {
  const name = 'state directory'
  for (let directory = stateDir; ; directory = dirname(directory)) {
    try {
      accessSync(directory, constants.W_OK | constants.X_OK)
      return fine(name, true, directory === stateDir ? `${stateDir} is writable` : `${stateDir} can be made`)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && directory !== dirname(directory)) continue
      return { name, status: 'missing', required: true, found: `${stateDir} is not writable`, fix: 'give this user the directory, or set stateDir or DRAWBRIDGE_STATE_DIR' }
    }
  }
}
