/**
 * Freezes a value of JSON as a whole, so that no way of one caller can change what the next one is given (T22). Not
 * recursive: a server decides how deep it is.
 */
export function frozen<T> (value: T): T {
  const left: unknown[] = [value]
  for (let next = left.pop(); next !== undefined || left.length > 0; next = left.pop()) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const member of Object.values(next)) if (typeof member === 'object' && member !== null) left.push(member)
  }
  return value
}
