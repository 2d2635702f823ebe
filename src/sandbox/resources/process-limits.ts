import type { ResourceLimits, ResourceSupport } from './types.ts'

const DEFAULT_OPEN_FILES = 4_096
const KIB_PER_MIB = 1_024
/**
 * What a process may map beyond `memoryMb` where nothing but RLIMIT_DATA bounds memory. That limit counts all private
 * writable memory, touched or not: an idle Node 24 has mapped 560 MiB of it (V8's code range, thread stacks) and uses 42.
 * RLIMIT_AS counts address space, of which Node reserves gigabytes; RLIMIT_RSS does nothing since Linux 2.4.
 */
const MAPPED_UNUSED_MB = 768
/** The script is fixed text; limit and command are arguments, never read as shell. dash says -p where bash says -u. */
const SET_PROCESSES = 'ulimit -u "$0" 2>/dev/null || ulimit -p "$0" || exit 125; exec "$@"'

/** Options of enter.sh for limits that every process has for itself (setrlimit(2)). */
export function processLimitArgs (support: ResourceSupport, { memoryMb, openFiles = DEFAULT_OPEN_FILES }: ResourceLimits): string[] {
  const isRough = memoryMb !== undefined && !support.controllers.includes('memory')
  return ['-n', String(openFiles), ...isRough ? ['-d', String((memoryMb + MAPPED_UNUSED_MB) * KIB_PER_MIB)] : []]
}

/**
 * RLIMIT_NPROC counts what a user id runs in a user namespace, so it has to be set inside, and only where no other worker
 * is counted too. Not needed beside the `pids` controller.
 */
export function innerPrefix (support: ResourceSupport, { pids, ownUser = false }: ResourceLimits): string[] {
  return ownUser && !support.controllers.includes('pids') ? ['/bin/sh', '-c', SET_PROCESSES, String(pids)] : []
}
