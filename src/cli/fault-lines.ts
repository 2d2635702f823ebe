import type { ConfigFault } from '../../config/index.ts'

/** One line for each fault: file, key, what was expected. */
export function faultLines (faults: readonly ConfigFault[]): string {
  return faults.map(({ file, key, message }) => `error: ${file === undefined ? '' : `${file}: `}${key}: ${message}\n`).join('')
}

/** One line for each warning. */
export function warningLines (warnings: readonly string[]): string {
  return warnings.map((warning) => `warning: ${warning}\n`).join('')
}

/** `3 faults`, `1 fault`. */
export function counted (number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
