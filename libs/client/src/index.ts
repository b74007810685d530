/** client */
export {};
