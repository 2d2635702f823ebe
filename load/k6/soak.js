// k6 run load/k6/soak.js: the scenario `soak` of load/scenarios.ts; create.js names what it reads from the environment.
import { create } from './create.js'

const run = create('soak')

export const options = run.options
export const setup = run.setup
export const handleSummary = run.handleSummary
export default run.user
