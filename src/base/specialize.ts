let copies = 0;

/**
 * A copy of a function that the engine compiles by itself. `make` makes closures over typed arrays; of a function that was
 * called once V8 builds the arrays' addresses and lengths into the code of its closures, of one called again it cannot. The
 * copy is called once, so every shard has kernels of its own (radius queries: 660 ns, not 890). Its text is numbered: V8 keeps
 * what it compiled, and of the same text makes the same function, which then is called again.
 *
 * `make` must name nothing but its arguments and globals. Where code may not be made from text, or a bundler has put names
 * of its own into it, `make` itself is called: slower, and the same.
 */
export function specialize<A extends readonly unknown[], R>(make: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    let made: R;
    try {
      made = (new Function(`'use strict'; return (${make.toString()}); // ${copies++}`)() as typeof make)(...args);
    } catch (error) {
      if (!(error instanceof EvalError) && !(error instanceof ReferenceError) && !(error instanceof SyntaxError))
        throw error;
      made = make(...args);
    }
    return made;
  };
}
