// Reads lines of {"name", "text"}, writes a line for each: the shape of the file's syntax tree, or why it is none.
// What data may change is masked: literals, keys of objects, comments, and the names of what is declared.
import { parse } from "@babel/parser";
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";

const LITERALS = { StringLiteral: "text", TemplateElement: "text", NumericLiteral: "number", BooleanLiteral: "word", NullLiteral: "word" };
const LEFT_OUT = new Set(["start", "end", "loc", "extra", "comments", "leadingComments", "trailingComments", "innerComments", "errors"]);

let declared;

function declare(node) {
  if (node === null || typeof node !== "object") return;
  if (node.type === "VariableDeclarator" && node.id.type === "Identifier") declared.add(node.id.name);
  Object.values(node).forEach(declare);
}

function shape(node) {
  if (node?.type === "Identifier" && declared.has(node.name)) return "declared";
  if (Array.isArray(node)) return node.map(shape);
  if (node === null || typeof node !== "object") return node;
  if (LITERALS[node.type]) return LITERALS[node.type];
  if (node.type === "UnaryExpression" && node.operator === "-") return shape(node.argument);
  if (node.type === "ObjectProperty" && !node.computed) return ["property", shape(node.value)];
  if (node.type === "BinaryExpression" && node.operator === "+") {
    const sides = [shape(node.left), shape(node.right)];
    return sides[0] === "text" && sides[1] === "text" ? "text" : ["+", ...sides];
  }
  return Object.entries(node).filter(([key]) => !LEFT_OUT.has(key)).map(([key, value]) => [key, shape(value)]);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { name, text } = JSON.parse(line);
  try {
    const plugins = name.endsWith(".ts") ? ["typescript"] : [];
    const tree = parse(text, { sourceType: "unambiguous", plugins }).program;
    declared = new Set();
    declare(tree);
    console.log("shape " + createHash("sha256").update(JSON.stringify(shape(tree))).digest("hex"));
  } catch (error) {
    console.log("error " + JSON.stringify(error.message));
  }
}
