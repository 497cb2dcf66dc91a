/** An answer with formulas of every kind, and prices that are none. */
export const FORMULAS = String.raw`For $ax^2 + bx + c = 0$ with \(a \neq 0\) the solutions are

$$
x_{1,2} = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

The term $\Delta = b^2 - 4ac$ says how many there are. A sum and an integral:

\[
\sum_{k=1}^{n} k = \frac{n(n+1)}{2}
\]

$$\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}$$

A book on it costs between $5 and $10, and ${'`$HOME`'} is no formula.`;
