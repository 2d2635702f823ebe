/** The candidate nearest to what was written, if it is near enough to be a slip of the keyboard. */
export function nearest (written: string, candidates: Iterable<string>): string | undefined {
  const allowed = Math.max(1, Math.floor(written.length / 3))
  let best: { name: string, distance: number } | undefined
  for (const name of candidates) {
    const distance = editDistance(written.toLowerCase(), name.toLowerCase())
    if (distance <= allowed && distance < (best?.distance ?? Infinity)) best = { name, distance }
  }
  return best?.name
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean (written: string, candidates: Iterable<string>): string {
  const name = nearest(written, candidates)
  return name === undefined ? '' : `; did you mean "${name}"?`
}

/** Insertions, deletions, replacements and swaps of neighbours between two short words. */
function editDistance (left: string, right: string): number {
  if (Math.abs(left.length - right.length) > 4) return Infinity
  let older: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1
      let best = Math.min(at(previous, j) + 1, at(row, j - 1) + 1, at(previous, j - 1) + cost)
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) best = Math.min(best, at(older, j - 2) + 1)
      row.push(best)
    }
    older = previous
    previous = row
  }
  return at(previous, right.length)
}

function at (row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
