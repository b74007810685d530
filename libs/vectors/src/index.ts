/** vectors */
export {};
