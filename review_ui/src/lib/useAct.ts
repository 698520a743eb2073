/** One act that writes: busy while it is sent, and what went wrong in words. */
import { ref, type Ref } from 'vue'
import { asProblem } from '@/api/problem'
import { t } from '@/i18n'

export interface Act {
  busy: Ref<boolean>
  wrong: Ref<string>
  /** Whether it was written. */
  run(act: () => Promise<unknown>): Promise<boolean>
}

export function problemText(error: unknown): string {
  const p = asProblem(error)
  return p.code === 'network' ? `${t('problem.network')} ${t('problem.kept')}` : p.detail || p.title || t('problem.unknown', { status: p.status })
}

export function useAct(): Act {
  const busy = ref(false)
  const wrong = ref('')
  return {
    busy, wrong,
    async run(act) {
      busy.value = true
      wrong.value = ''
      try {
        await act()
        return true
      } catch (error) {
        wrong.value = problemText(error)
        return false
      } finally {
        busy.value = false
      }
    },
  }
}
