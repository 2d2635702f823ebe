import { closeSync, readdirSync, readFileSync } from 'node:fs'

/** Linux's O_CLOEXEC, as /proc shows it: everything that Node opens has it. */
const CLOSE_ON_EXEC = 0o2000000

/**
 * Closes what whoever started this process left open beyond the standard three, such as the pipe of `--config <(…)` or a
 * descriptor of a service manager. Node keeps only the first few of them from its children, and a worker must find
 * nothing of the gateway's (T41). Where there is no /proc this does nothing. Call it when the configuration was read.
 */
export function closeInheritedDescriptors (): void {
  for (const descriptor of openDescriptors()) {
    if (descriptor > 2 && isInheritable(descriptor)) closeSync(descriptor)
  }
}

function openDescriptors (): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    return []
  }
}

/** False for one that is gone again, as the one that the list was read with. */
function isInheritable (descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0
  } catch {
    return false
  }
}
