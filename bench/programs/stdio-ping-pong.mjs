// The floor of latency: a parent that writes one tools/call at a time to the echo server and waits for the answer,
// nothing between them. Prints one JSON line {calls, p50Ms, p99Ms, cpuUsPerCall}. argv: echo server, milliseconds.
import { spawn } from 'node:child_process'

const [server, forMs] = [process.argv[2], Number(process.argv[3])]
const child = spawn(process.execPath, [server], { stdio: ['pipe', 'pipe', 'inherit'] })
const warmUntil = performance.now() + 300
const until = warmUntil + forMs
/** @type {number[]} */
const taken = []
let id = 0
let sentAt = 0
let cpuAtStart = process.cpuUsage()

function send () {
  id += 1
  sentAt = performance.now()
  child.stdin.write(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"message":"${'x'.repeat(100)}"}}}\n`)
}

function report () {
  const cpu = process.cpuUsage(cpuAtStart)
  taken.sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))]
  console.log(JSON.stringify({ calls: taken.length, p50Ms: at(0.5), p99Ms: at(0.99), cpuUsPerCall: (cpu.user + cpu.system) / taken.length }))
  child.stdin.end()
}

let rest = ''
child.stdout.setEncoding('utf8')
child.stdout.on('data', (chunk) => {
  rest += chunk
  if (!rest.endsWith('\n')) return
  const now = performance.now()
  if (JSON.parse(rest).id !== id) throw new Error('an answer to another call')
  rest = ''
  if (now >= warmUntil) {
    if (taken.length === 0) cpuAtStart = process.cpuUsage()
    taken.push(now - sentAt)
  }
  if (now >= until) report()
  else send()
})
send()
