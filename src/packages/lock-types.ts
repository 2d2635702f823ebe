import type { Registry } from './types.ts'

/** The packages of one server entry: what it asked for, and which install answers that. */
export interface LockedServer {
  readonly registry: Registry
  /** As the entry wrote them when it was locked; an entry that writes others is not locked. */
  readonly specs: readonly string[]
  readonly python?: string
  readonly allowScripts: readonly string[]
  /** Key of {@link PackageLock.installs}. */
  readonly install: string
  /** The install before the last change, for a rollback. */
  readonly previous?: string
}

/** One set of packages with the integrity of each; its key in the lock is made from everything in it but `content`. */
export interface LockedInstall {
  readonly registry: Registry
  /** `name@version` of each package that was asked for, in the order of the specs. At least one. */
  readonly packages: readonly string[]
  readonly python?: string
  readonly allowScripts: readonly string[]
  /** npm: the `packages` of an npm lock file (version 3), each with its SHA-512. */
  readonly npm?: Readonly<Record<string, NpmPackage>>
  /** PyPI: every distribution, by normal name, with the SHA-256 of each file that may stand for it. */
  readonly pypi?: Readonly<Record<string, { readonly version: string, readonly sha256: readonly string[] }>>
  /** SHA-256 of the installed files by platform, as far as they come from the registry alone. */
  readonly content: Readonly<Record<string, string>>
}

/** One entry of an npm lock file; npm reads back what else stands in it. */
export interface NpmPackage {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly inBundle?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The lock file beside the configuration. */
export interface PackageLock {
  readonly lockVersion: 1
  /** By server name. */
  readonly servers: Readonly<Record<string, LockedServer>>
  readonly installs: Readonly<Record<string, LockedInstall>>
}
