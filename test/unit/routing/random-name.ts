import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName } from '../../../src/shared/ids.ts'
import { pick } from '../../helpers/random.ts'

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
