/**
 * Heights of rows that stand one below the other. Sums are kept in a Fenwick tree, so that one
 * height among ten thousand changes, and a place is found, in a few steps.
 */
export class Heights {
  readonly #heights: Float64Array;
  /** Entry i, counted from 1, is the sum of the `i & -i` heights that end with row i - 1. */
  readonly #sums: Float64Array;

  constructor(heights: ArrayLike<number>) {
    this.#heights = Float64Array.from(heights);
    this.#sums = new Float64Array(heights.length + 1);
    this.#heights.forEach((height, row) => this.#add(row, height));
  }

  get count(): number {
    return this.#heights.length;
  }

  get total(): number {
    return this.topOf(this.count);
  }

  of(row: number): number {
    return this.#heights[row] ?? 0;
  }

  set(row: number, height: number): void {
    const change = height - this.of(row);
    if (row >= this.count || change === 0) return;
    this.#heights[row] = height;
    this.#add(row, change);
  }

  /** Where a row begins: the sum of the heights above it. */
  topOf(row: number): number {
    let sum = 0;
    for (let i = Math.min(row, this.count); i > 0; i -= i & -i) sum += this.#sums[i] ?? 0;
    return sum;
  }

  /** The row at `y`; above all of them it is the first, below all of them the last. */
  rowAt(y: number): number {
    let row = 0;
    let left = y;
    for (let step = highestBit(this.count); step > 0; step >>= 1) {
      const sum = this.#sums[row + step];
      if (sum === undefined || sum > left) continue;
      row += step;
      left -= sum;
    }
    return Math.max(0, Math.min(row, this.count - 1));
  }

  #add(row: number, change: number): void {
    for (let i = row + 1; i <= this.count; i += i & -i)
      this.#sums[i] = (this.#sums[i] ?? 0) + change;
  }
}

function highestBit(n: number): number {
  return n === 0 ? 0 : 1 << (31 - Math.clz32(n));
}
