/** How much of the earlier picture is shown over the later one, in percent from the left. */
export const WIPE_STEP = 10

export const wiped = (cut: number, by: 1 | -1): number => Math.min(100, Math.max(0, cut + by * WIPE_STEP))
/** To the whole of the one that is seen less. */
export const flipped = (cut: number): number => (cut > 50 ? 0 : 100)
