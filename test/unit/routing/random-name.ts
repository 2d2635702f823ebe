import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName } from '../../../src/shared/ids.ts'

/** A repeatable source of numbers in [0, 1): xorshift. A failing property names its seed. */
export function createRandom (seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}

export function pick<T> (random: () => number, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T
}

const serverShape = /^[A-Za-z0-9](?:[A-Za-z0-9-]|_(?!_)){0,31}$/

/** A server name as rulings 5 allows it, made so that neighbours nearly collide. */
export function randomServer (random: () => number): ServerName {
  for (;;) {
    const name = Array.from({ length: 1 + Math.floor(random() * (random() < 0.2 ? 32 : 4)) }, () => pick(random, ['a', 'b', 'A', '-', '_', '1'])).join('')
    if (serverShape.test(name) && !name.endsWith('_')) return brandAs<ServerName>(name)
  }
}

const pieces = ['a', 'b', '_', '__', '-', '.', '/', ' ', 'é', '\u{1f600}', '\ud800', '\0', '+', 'x'.repeat(20), '_5eee538c', 'x_y', 'A', '']

/** A tool name with everything that may go wrong in it; never empty. */
export function randomToolName (random: () => number): string {
  const name = Array.from({ length: 1 + Math.floor(random() * 5) }, () => pick(random, pieces)).join('')
  return name === '' ? 'a' : name
}
