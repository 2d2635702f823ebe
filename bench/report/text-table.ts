/** Columns side by side: the first `left` ones and the last if it is `note` flush left, numbers flush right. */
export function textTable (head: readonly string[], lines: readonly (readonly string[])[], left: number): string {
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)))
  const print = (line: readonly string[]) => line
    .map((text, i) => i < left || head[i] === 'note' ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))
    .join('  ').trimEnd()
  return [print(head), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.map(print)].join('\n')
}

/** Three significant digits or all whole ones; `-` for no number. */
export function number (value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-'
  return Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(3)
}
