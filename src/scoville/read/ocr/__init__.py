"""Scans and pictures.

seen       the words that an engine sees                                 engine   which engine: tesseract, rapid
route      which pages, and which pictures on pages, have to be read     page     one page from its picture
layout     its words laid out, as a PDF of them: text_page               scan     the same by two models: regions,
rules      its ruled lines                                                        slanet (through onnx)
image      picture files                                                 vision   a model that sees pages
pictures   those inside documents
"""
