import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSystemProgram } from './find-program.ts'
import type { HostSupport, LateTools, NamespaceTools, ProcessTools, Shortcoming } from './host-support.ts'
import { writeAccounts } from './namespace/accounts.ts'
import { namespaceArgs } from './namespace/arguments.ts'
import { systemView } from './namespace/system-view.ts'
import { probeResources } from './resources/index.ts'
import { runProgram } from './run-program.ts'
import { whyNoNamespace } from './why-no-namespace.ts'
import { WORKER_ID, setprivArgs } from './worker-user.ts'

/** A part of the support, or why there is none. */
type Found<T> = { readonly tools: T } | { readonly shortcoming: Shortcoming }

/** Tries on this host what containing a worker takes: the programs, and that the kernel lets this user do it. Takes some 50 ms. */
export async function probeHost (): Promise<HostSupport> {
  const [resources, namespace, process] = await Promise.all([probeResources(), probeNamespace(), probeProcess()])
  const found = [namespace, process].flatMap((each) => 'shortcoming' in each ? [each.shortcoming] : [])
  const tools = 'tools' in namespace ? namespace.tools : undefined
  return {
    strongest: tools !== undefined ? 'namespace' : 'tools' in process ? 'process' : 'none',
    ...(tools === undefined ? {} : { namespace: tools }),
    ...('tools' in process ? { process: process.tools } : {}),
    resources,
    shortcomings: tools !== undefined && tools.late === undefined ? [...found, NO_LATE_MOUNTS] : found
  }
}

const NO_LATE_MOUNTS: Shortcoming = {
  level: 'late mounts',
  why: 'unshare, nsenter and mount are not all installed, so no spare worker can be given a user\'s directory',
  fix: 'apt install util-linux mount'
}

function who (): 'root' | 'user' {
  return process.getuid?.() === 0 ? 'root' : 'user'
}

async function probeNamespace (): Promise<Found<NamespaceTools>> {
  const missing = (why: string, fix: string): Found<NamespaceTools> => ({ shortcoming: { level: 'namespace', why, fix } })
  if (process.platform !== 'linux') return missing(`${process.platform} has no namespaces`, 'run the gateway on Linux, or in a Linux container or virtual machine')
  const [bwrap, setpriv, truth] = ['bwrap', 'setpriv', 'true'].map(findSystemProgram)
  if (bwrap === undefined) return missing('bubblewrap is not installed', 'apt install bubblewrap (Fedora: dnf install bubblewrap, Alpine: apk add bubblewrap)')
  const by = who()
  if (by === 'root' && setpriv === undefined) return missing('setpriv is not installed', 'apt install util-linux (Alpine: apk add setpriv)')
  const env = await gnuEnv()
  const late = await lateTools(by)
  const tools: NamespaceTools = { bwrap, by, ...(setpriv === undefined ? {} : { setpriv }), ...(env === undefined ? {} : { env }), ...(late === undefined ? {} : { late }) }
  const complaint = await tryNamespace(tools, truth ?? '/bin/true')
  return complaint === undefined ? { tools } : { shortcoming: whyNoNamespace(complaint, by) }
}

/** A whole start, with nothing to run: what bubblewrap complains of, or undefined. */
async function tryNamespace (tools: NamespaceTools, command: string): Promise<string | undefined> {
  const scratch = mkdtempSync(join(tmpdir(), 'db-'))
  const id = tools.by === 'root' ? WORKER_ID : process.getuid?.() ?? 0
  const user = { uid: id, gid: tools.by === 'root' ? WORKER_ID : process.getgid?.() ?? 0 }
  try {
    const [program = tools.bwrap, ...args] = namespaceArgs({
      tools, user, unshareNetwork: true, mounts: systemView(), accounts: writeAccounts(scratch, user.uid, user.gid), filterDescriptor: undefined, cwd: '/', command: [command]
    })
    const { code, complaint } = await runProgram(program, args)
    return code === 0 ? undefined : complaint === '' ? `it ended with ${code}` : complaint
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Only GNU's env can ignore signals and have them back. */
async function gnuEnv (): Promise<string | undefined> {
  const env = findSystemProgram('env')
  if (env === undefined) return undefined
  const { code } = await runProgram(env, ['--ignore-signal=TERM', env, '--default-signal=TERM', 'true'])
  return code === 0 ? env : undefined
}

async function lateTools (by: 'root' | 'user'): Promise<LateTools | undefined> {
  const [unshare, nsenter, mount, shell] = ['unshare', 'nsenter', 'mount', 'sh'].map(findSystemProgram)
  if (unshare === undefined || nsenter === undefined || mount === undefined || shell === undefined) return undefined
  const { code } = await runProgram(unshare, [...by === 'user' ? ['--user', '--map-root-user'] : [], '--mount', '--', 'true'])
  return code === 0 ? { unshare, nsenter, mount, shell } : undefined
}

async function probeProcess (): Promise<Found<ProcessTools>> {
  const missing = (why: string, fix: string): Found<ProcessTools> => ({ shortcoming: { level: 'process', why, fix } })
  if (process.platform !== 'linux') return missing(`${process.platform} cannot take privileges from a process for good`, 'run the gateway on Linux')
  const setpriv = findSystemProgram('setpriv')
  if (setpriv === undefined) return missing('setpriv is not installed', 'apt install util-linux (Alpine: apk add setpriv)')
  const by = who()
  const { code, complaint } = await runProgram(setpriv, [...setprivArgs(by === 'root' ? { uid: WORKER_ID, gid: WORKER_ID } : undefined), 'true'])
  return code === 0 ? { tools: { setpriv, by } } : missing(`setpriv does not work here (${complaint})`, 'install util-linux 2.31 or later; in a container, allow CAP_SETUID, CAP_SETGID and CAP_SETPCAP')
}
