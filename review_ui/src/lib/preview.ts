/** Trying rules on stored looks: answers come in pieces and are added up. */
import { api, ask } from '@/api/client'
import type { RulePreview, RuleTrial } from '@/api/types'

export function added(a: RulePreview | null, b: RulePreview): RulePreview {
  if (!a) return b
  const counts = { ...a.counts }
  for (const [name, n] of Object.entries(b.counts)) counts[name] = (counts[name] ?? 0) + n
  return {
    looks: a.looks + b.looks,
    footage: a.footage + b.footage,
    missing: [...a.missing, ...b.missing],
    counts,
    findings: [...a.findings, ...b.findings],
    left_out: a.left_out + b.left_out,
    next: b.next,
  }
}

/** Asks until all is done or `stopped`; `progress` gets what is known so far. */
export async function tryRules(trial: RuleTrial, progress: (so_far: RulePreview) => void, stopped: () => boolean): Promise<void> {
  let [sum, after]: [RulePreview | null, number | null] = [null, 0]
  while (after !== null && !stopped()) {
    const got: RulePreview = await ask(api.POST('/api/rules/preview', { body: { ...trial, after } }))
    sum = added(sum, got)
    progress(sum)
    after = got.next
  }
}
