/** Objects of which the text said a member twice; JSON.parse keeps the last, others the first (T34). */
const repeated = new WeakSet()

/** Members of all objects in a JSON value. */
export function membersIn (value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += membersIn(item)
    return count
  }
  for (const name in value) {
    count++
    const inner = (value as Record<string, unknown>)[name]
    if (typeof inner === 'object') count += membersIn(inner)
  }
  return count
}

/**
 * Notes whether the text of a value said a member twice, at any depth: then it said more members than there are.
 * @param said how many the text said
 */
export function noteRepeated (value: unknown, said: number): void {
  if (typeof value === 'object' && value !== null && membersIn(value) !== said) repeated.add(value)
}

/** The same for a text of which only the whole is known to say a member twice: every object and array in it counts. */
export function noteAllRepeated (value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  repeated.add(value)
  for (const inner of Object.values(value)) noteAllRepeated(inner)
}

/**
 * Did the text of this value say a member twice? Known of a request's `arguments`, and of what `parseJson` read. Where rules or
 * schemas decide about it, it is refused, because the server may read the other one (rulings 4, T34).
 */
export function saysTwice (value: object): boolean {
  return repeated.has(value)
}
