import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { LockedInstall, LockedServer, PackageLock } from './lock-types.ts'
import { packageFault } from './package-fault.ts'

/** Ends in the hash of {@link installKey}; becomes a directory's name, so nothing else passes. */
const KEY = /^[A-Za-z0-9@][\w.@+~-]*-[0-9a-f]{16}$/
const SHA256 = /^[0-9a-f]{64}$/
/** What npm accepts as integrity and is not broken: a lock without it would accept any file. */
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/

/** Path of the lock file of a gateway file: `gateway.yaml` has `gateway.lock.json` beside it. */
export function lockFileOf (configFile: string): string {
  return join(dirname(configFile), `${basename(configFile, extname(configFile))}.lock.json`)
}

/** A lock that holds nothing. */
export const EMPTY_LOCK: PackageLock = { lockVersion: 1, servers: {}, installs: {} }

/**
 * Reads and checks a lock file.
 * @returns undefined if there is none
 * @throws GatewayError GW_UPSTREAM_START if it is unreadable, or was changed by hand: every install's key is a hash of what it holds (T46)
 */
export function readLock (file: string): PackageLock | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw packageFault(`the lock file ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`, cause)
  }
  const lock = parse(file, text)
  for (const [key, install] of Object.entries(lock.installs)) checkInstall(file, key, install)
  for (const [name, { install, previous }] of Object.entries(lock.servers)) {
    for (const key of [install, previous]) {
      if (key !== undefined && !Object.hasOwn(lock.installs, key)) throw damaged(file, `server ${name} names the install ${key}, which is not in it`)
    }
  }
  return lock
}

function parse (file: string, text: string): PackageLock {
  let found: Partial<Record<keyof PackageLock, unknown>> | null
  try {
    found = JSON.parse(text) as typeof found
  } catch (cause) {
    throw packageFault(`the lock file ${file} is not JSON`, cause)
  }
  if (found?.lockVersion !== 1) throw packageFault(`the lock file ${file} is not of a kind that this version reads`)
  if (!isRecord(found.servers) || !isRecord(found.installs)) throw damaged(file, 'servers or installs is missing')
  if (!Object.values(found.servers).every(isLockedServer) || !Object.values(found.installs).every(isRecord)) throw damaged(file, 'an entry lacks what every entry has')
  return found as PackageLock
}

function isLockedServer (value: unknown): value is LockedServer {
  return isRecord(value) && isTexts(value['specs']) && isTexts(value['allowScripts']) && typeof value['install'] === 'string' && ['string', 'undefined'].includes(typeof value['previous'])
}

function checkInstall (file: string, key: string, install: LockedInstall): void {
  const { packages, content, allowScripts } = install
  if (!KEY.test(key) || !isTexts(packages) || packages.length === 0 || !isTexts(allowScripts) || !isRecord(content)) throw damaged(file, `install ${key} lacks what every install has`)
  if (!Object.values(content).every((digest) => typeof digest === 'string' && SHA256.test(digest))) throw damaged(file, `install ${key} has a content hash that is none`)
  if (installKey(install) !== key) throw damaged(file, `install ${key} does not hold what its name was made from`)
  const unhashed = unhashedPackage(install)
  if (unhashed !== undefined) throw damaged(file, `${unhashed} has no strong hash`)
}

/** The first package that could be anything: without a SHA-512 of npm, or a SHA-256 of PyPI. What is bundled has its parent's. */
export function unhashedPackage ({ npm, pypi }: Pick<LockedInstall, 'npm' | 'pypi'>): string | undefined {
  const [weakNpm] = Object.entries(npm ?? {}).find(([path, { integrity, inBundle }]) => path !== '' && inBundle !== true && !(typeof integrity === 'string' && SHA512.test(integrity))) ?? []
  const [weakPython] = Object.entries(pypi ?? {}).find(([, { sha256 }]) => !isTexts(sha256) || sha256.length === 0 || !sha256.every((hash) => SHA256.test(hash))) ?? []
  return weakNpm ?? weakPython
}

function damaged (file: string, what: string): Error {
  return packageFault(`the lock file ${file} was changed by other means than drawbridge packages: ${what}; restore it, or remove it and run drawbridge packages lock`)
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts (value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** Name of an install in lock and store: its first package and 64 bits of a hash over all of it but `content`. */
export function installKey (install: Omit<LockedInstall, 'content'>): string {
  const { registry, packages, python, allowScripts, npm, pypi } = install
  const hash = createHash('sha256').update(JSON.stringify(sorted({ registry, packages, python, allowScripts, npm, pypi }))).digest('hex')
  return `${(packages[0] ?? '').replaceAll('/', '+').replaceAll(/[^\w.@+~-]/g, '')}-${hash.slice(0, 16)}`
}

/** Writes the lock as a whole or not at all: readers see the old file or the new one. Drops installs that nobody names. */
export function writeLock (file: string, lock: PackageLock): void {
  const used = new Set(Object.values(lock.servers).flatMap(({ install, previous }) => [install, ...previous === undefined ? [] : [previous]]))
  const installs = Object.fromEntries(Object.entries(lock.installs).filter(([key]) => used.has(key)))
  const scratch = `${file}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(scratch, `${JSON.stringify(sorted({ ...lock, installs }), null, 2)}\n`, { flag: 'wx', mode: 0o644 })
    renameSync(scratch, file)
  } catch (cause) {
    rmSync(scratch, { force: true })
    throw packageFault(`the lock file ${file} cannot be written (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`, cause)
  }
}

/** The same data with the members of every object in the order of their names. */
function sorted (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]))
}
