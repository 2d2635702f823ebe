/** An object of a class, with some of its methods replaced: its private fields stay its own. */
export function replacing<T extends object> (object: T, methods: Partial<T>): T {
  return new Proxy(object, {
    get (target, name) {
      const value: unknown = name in methods ? methods[name as keyof T] : Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) as unknown : value
    }
  })
}
