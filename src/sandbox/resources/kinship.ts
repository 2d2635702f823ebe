import { readFileSync } from 'node:fs'

/** Is `pid` this process, one of those that it descends from, or one that descends from it? */
export function isKin (pid: number): boolean {
  return lineOf(process.pid).includes(pid) || lineOf(pid).includes(process.pid)
}

/** A process and those that it descends from, itself first. */
function lineOf (pid: number): number[] {
  const line: number[] = []
  for (let next = pid; next > 0 && !line.includes(next); next = parentOf(next)) line.push(next)
  return line
}

function parentOf (pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
