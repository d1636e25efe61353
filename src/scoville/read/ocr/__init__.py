"""Scans and pictures.

engine     which engine reads, and which way up: tesseract, rapid
route      which pages, and which pictures on pages, have to be read     page     one page from its picture
scan       its layout by two models: regions, slanet (through onnx)      rules    ruled lines
text_page  recognised words as a page to lay out                         image    picture files
pictures   those inside documents                                        vision   a model that sees pages
"""
