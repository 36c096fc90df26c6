/** The grammar of JMS selectors (JMS 3.1, 3.8.1.1), made into a function that evaluates a message. */
import { readerOf, type ValueReader } from "./selector-identifiers.js";
import { InvalidSelector, type Keyword, type Operator, type Token, tokenize } from "./selector-tokens.js";
import {
  type Arithmetic,
  type Comparison,
  calculate,
  compare,
  likeMatcher,
  negate,
  not,
  type Truth,
  truthOf,
} from "./selector-values.js";

/** What is known of an expression before any message is seen; a property can be `any` of the three. */
interface Expression {
  readonly type: "boolean" | "string" | "number" | "any";
  readonly isIdentifier: boolean;
  readonly evaluate: ValueReader;
}

const MAXIMUM_DEPTH = 200;
const LONG_MAXIMUM = 0x7fff_ffff_ffff_ffffn;
const COMPARISONS: readonly Operator[] = ["=", "<>", "<", "<=", ">", ">="];

/** @throws InvalidSelector */
export function parseSelector(text: string): ValueReader {
  return new Parser(tokenize(text)).selector();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  selector(): ValueReader {
    const expression = this.#condition(this.#or());
    if (this.#token.kind !== "end") throw this.#unexpected("the end");
    return expression;
  }

  #or(): Expression {
    return this.#nested(() => this.#logical("OR", () => this.#and(), true));
  }

  #and(): Expression {
    return this.#logical("AND", () => this.#not(), false);
  }

  /** OR and AND: one operand decides the whole, an unknown one leaves it open unless another decides. */
  #logical(keyword: "AND" | "OR", operand: () => Expression, decisive: boolean): Expression {
    const first = operand();
    if (!this.#isKeyword(keyword)) return first;
    const operands = [this.#condition(first)];
    while (this.#takeKeyword(keyword)) operands.push(this.#condition(operand()));
    return boolean((message) => {
      let result: Truth = !decisive;
      for (const evaluate of operands) {
        const truth = truthOf(evaluate(message));
        if (truth === decisive) return decisive;
        if (truth === null) result = null;
      }
      return result;
    });
  }

  #not(): Expression {
    if (!this.#takeKeyword("NOT")) return this.#comparison();
    const operand = this.#nested(() => this.#condition(this.#not()));
    return boolean((message) => not(truthOf(operand(message))));
  }

  #comparison(): Expression {
    const left = this.#sum();
    const operator = this.#takeOperator(COMPARISONS) as Comparison | undefined;
    if (operator !== undefined) return this.#compared(left, operator);
    if (this.#takeKeyword("IS")) return this.#isNull(left);
    const negated = this.#takeKeyword("NOT");
    if (this.#takeKeyword("BETWEEN")) return this.#between(left, negated);
    if (this.#takeKeyword("IN")) return this.#in(left, negated);
    if (this.#takeKeyword("LIKE")) return this.#like(left, negated);
    if (negated) throw this.#unexpected("BETWEEN, IN or LIKE after NOT");
    return left;
  }

  #compared(left: Expression, operator: Comparison): Expression {
    const right = this.#sum();
    const ordered = operator !== "=" && operator !== "<>";
    const one = ordered ? this.#number(left) : left.evaluate;
    const other = ordered ? this.#number(right) : right.evaluate;
    return boolean((message) => compare(operator, one(message), other(message)));
  }

  #between(operand: Expression, negated: boolean): Expression {
    const value = this.#number(operand);
    const low = this.#number(this.#sum());
    if (!this.#takeKeyword("AND")) throw this.#unexpected("AND");
    const high = this.#number(this.#sum());
    return boolean((message) => {
      const it = value(message);
      // JMS defines NOT BETWEEN as less or greater, which is not the same for values that do not compare.
      if (negated) return or(compare("<", it, low(message)), compare(">", it, high(message)));
      return and(compare(">=", it, low(message)), compare("<=", it, high(message)));
    });
  }

  #in(operand: Expression, negated: boolean): Expression {
    const value = this.#identifier(operand, "IN");
    this.#expectOperator("(");
    const strings = new Set([this.#string()]);
    while (this.#takeOperator([","]) !== undefined) strings.add(this.#string());
    this.#expectOperator(")");
    return boolean((message) => {
      const it = value(message);
      return typeof it === "string" ? strings.has(it) !== negated : null;
    });
  }

  #like(operand: Expression, negated: boolean): Expression {
    const value = this.#identifier(operand, "LIKE");
    const pattern = this.#string();
    const escapedBy = this.#takeKeyword("ESCAPE") ? this.#string() : undefined;
    if (escapedBy !== undefined && escapedBy.length !== 1) throw new InvalidSelector("ESCAPE takes one character.");
    const matches = likeMatcher(pattern, escapedBy);
    if (matches === undefined) throw new InvalidSelector("A LIKE pattern ends with its escape character.");
    return boolean((message) => {
      const it = value(message);
      return typeof it === "string" ? matches(it) !== negated : null;
    });
  }

  #isNull(operand: Expression): Expression {
    const negated = this.#takeKeyword("NOT");
    if (!this.#takeKeyword("NULL")) throw this.#unexpected("NULL");
    const value = this.#identifier(operand, "IS NULL");
    return boolean((message) => (value(message) === null) !== negated);
  }

  #sum(): Expression {
    return this.#arithmetic(["+", "-"], () => this.#product());
  }

  #product(): Expression {
    return this.#arithmetic(["*", "/"], () => this.#signed());
  }

  #arithmetic(operators: readonly Operator[], operand: () => Expression): Expression {
    const first = operand();
    let operator = this.#takeOperator(operators);
    if (operator === undefined) return first;
    const start = this.#number(first);
    const steps: { readonly operator: Arithmetic; readonly evaluate: ValueReader }[] = [];
    for (; operator !== undefined; operator = this.#takeOperator(operators)) {
      steps.push({ operator: operator as Arithmetic, evaluate: this.#number(operand()) });
    }
    return number((message) => {
      let value = start(message);
      for (const step of steps) value = calculate(step.operator, value, step.evaluate(message));
      return value;
    });
  }

  #signed(): Expression {
    const sign = this.#takeOperator(["+", "-"]);
    if (sign === undefined) return this.#primary();
    const token = this.#token;
    if (sign === "-" && token.kind === "exact" && token.value === LONG_MAXIMUM + 1n) {
      this.#at++;
      return number(() => -token.value);
    }
    const operand = this.#nested(() => this.#number(this.#signed()));
    return sign === "+" ? number(operand) : number((message) => negate(operand(message)));
  }

  #primary(): Expression {
    const token = this.#token;
    this.#at++;
    switch (token.kind) {
      case "identifier":
        return { type: "any", isIdentifier: true, evaluate: readerOf(token.name) };
      case "string":
        return { type: "string", isIdentifier: false, evaluate: () => token.value };
      case "exact":
        if (token.value > LONG_MAXIMUM) throw new InvalidSelector(`The number at position ${token.at} is too large.`);
        return number(() => token.value);
      case "approximate":
        return number(() => token.value);
      case "keyword":
        if (token.keyword === "TRUE") return boolean(() => true);
        if (token.keyword === "FALSE") return boolean(() => false);
        break;
      case "operator":
        if (token.operator === "(") {
          const inner = this.#or();
          this.#expectOperator(")");
          return { ...inner, isIdentifier: false };
        }
    }
    this.#at--;
    throw this.#unexpected("a value");
  }

  #condition(expression: Expression): ValueReader {
    if (expression.type === "boolean" || expression.type === "any") return expression.evaluate;
    throw new InvalidSelector(`Before position ${this.#token.at} stands a ${expression.type} for a condition.`);
  }

  #number(expression: Expression): ValueReader {
    if (expression.type === "number" || expression.type === "any") return expression.evaluate;
    throw new InvalidSelector(`Before position ${this.#token.at} stands a ${expression.type} for a number.`);
  }

  #identifier(expression: Expression, what: string): ValueReader {
    if (expression.isIdentifier) return expression.evaluate;
    throw new InvalidSelector(`Before ${what} stands the name of a property or header field.`);
  }

  #string(): string {
    const token = this.#token;
    if (token.kind !== "string") throw this.#unexpected("a string");
    this.#at++;
    return token.value;
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #isKeyword(keyword: Keyword): boolean {
    const token = this.#token;
    return token.kind === "keyword" && token.keyword === keyword;
  }

  #takeKeyword(keyword: Keyword): boolean {
    const found = this.#isKeyword(keyword);
    if (found) this.#at++;
    return found;
  }

  #takeOperator(operators: readonly Operator[]): Operator | undefined {
    const token = this.#token;
    if (token.kind !== "operator" || !operators.includes(token.operator)) return undefined;
    this.#at++;
    return token.operator;
  }

  #expectOperator(operator: Operator): void {
    if (this.#takeOperator([operator]) === undefined) throw this.#unexpected(`\`${operator}\``);
  }

  #unexpected(wanted: string): InvalidSelector {
    const token = this.#token;
    const found = token.kind === "end" ? "the end" : `something else (${token.kind})`;
    return new InvalidSelector(`At position ${token.at} ${wanted} was expected, and ${found} was found.`);
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > MAXIMUM_DEPTH) throw new InvalidSelector("The selector is nested too deeply.");
    const result = parse();
    this.#depth--;
    return result;
  }
}

function boolean(evaluate: ValueReader): Expression {
  return { type: "boolean", isIdentifier: false, evaluate };
}

function number(evaluate: ValueReader): Expression {
  return { type: "number", isIdentifier: false, evaluate };
}

function and(one: Truth, other: Truth): Truth {
  if (one === false || other === false) return false;
  return one === null || other === null ? null : true;
}

function or(one: Truth, other: Truth): Truth {
  if (one === true || other === true) return true;
  return one === null || other === null ? null : false;
}
