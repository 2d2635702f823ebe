/**
 * The rows of the table with these column names, cell by cell, without back-ticks.
 * @throws when the page has no such table
 */
export function tableOf (page: string, columns: readonly string[]): string[][] {
  const lines = page.split('\n')
  const head = lines.findIndex((line) => cellsOf(line).join('|') === columns.join('|'))
  if (head === -1) throw new Error(`no table with the columns ${columns.join(', ')}`)
  const rows: string[][] = []
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith('|')) break
    rows.push(cellsOf(line))
  }
  return rows
}

function cellsOf (line: string): string[] {
  return line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', ''))
}
