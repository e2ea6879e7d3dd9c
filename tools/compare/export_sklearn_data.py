#!/usr/bin/env python3
"""Writes scikit-learn's small data sets as CSV files with a header and a column `target`.

    tools/compare/export_sklearn_data.py FOLDER
"""
import pathlib
import sys

from sklearn import datasets

LOADERS = {"iris": datasets.load_iris, "wine": datasets.load_wine,
           "breast_cancer": datasets.load_breast_cancer, "digits": datasets.load_digits,
           "diabetes": datasets.load_diabetes}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, load in LOADERS.items():
        frame = load(as_frame=True).frame
        frame.to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
