/** A clip's address once it can be played, and how long one has waited for it. */
import { onBeforeUnmount, ref, watch, type Ref } from 'vue'
import { problemFrom } from '@/api/problem'
import { language, t } from '@/i18n'
import { untilMade } from './clip'
import { problemText } from './useAct'

export interface ClipInWork {
  /** Null until it can be played. */
  src: Ref<string | null>
  waited: Ref<number>
  /** Why it cannot be played. */
  failed: Ref<string>
}

export function useClip(url: () => string): ClipInWork {
  const src = ref<string | null>(null)
  const waited = ref(0)
  const failed = ref('')
  let stop: AbortController | undefined
  let begun = 0
  const second = setInterval(() => (waited.value = src.value ? 0 : Math.floor((performance.now() - begun) / 1000)), 1000)

  async function find(at: string): Promise<void> {
    stop?.abort()
    const mine = (stop = new AbortController())
    const { signal } = mine
    begun = performance.now()
    src.value = null
    failed.value = ''
    const made = await untilMade(
      async () => {
        signal.throwIfAborted()
        const got = await fetch(at, { headers: { Range: 'bytes=0-0', 'Accept-Language': language.value }, credentials: 'same-origin', signal })
        return { status: got.status, headers: got.headers, ok: got.ok, problem: got.ok ? await got.arrayBuffer().then(() => null) : problemFrom(got.status, await got.json().catch(() => null)) }
      },
      (seconds) => new Promise((done) => setTimeout(done, signal.aborted ? 0 : seconds * 1000)),
    )
    if (signal.aborted) return
    failed.value = made?.ok ? '' : made?.problem ? problemText(made.problem) : t('clear.failed')
    src.value = made?.ok ? at : null
  }
  watch(url, (at) => void find(at), { immediate: true })
  onBeforeUnmount(() => {
    stop?.abort()
    clearInterval(second)
  })
  return { src, waited, failed }
}
